/** Where a request goes and why, for people. Pure: it looks at what is served, and changes nothing. */
export { explain } from './explain.ts';
export type { Explanation, Outcome, Served, Step } from './explanation.ts';
export { readRequest, type WrittenRequest } from './request.ts';
export { explanationText } from './text.ts';
export type { World } from './world.ts';
