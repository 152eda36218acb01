/** Where a request goes and why, for people. Pure: it looks at what is served, and changes nothing. */
export { answerExplain, EXPLAIN_PATH, explainQuery } from './endpoint.ts';
export { explain } from './explain.ts';
export type { Explanation, Outcome, Served, Step } from './explanation.ts';
export { RequestError, readRequest, type WrittenRequest } from './request.ts';
export { explanationText } from './text.ts';
export type { World } from './world.ts';
