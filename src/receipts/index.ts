/** Who has acknowledged what. */
export { receiptLog } from './log.ts';
export type { Gateway } from './progress.ts';
export { type InterceptsChange, type Receipt, Receipts } from './receipts.ts';
export { RefusedResources, refusalProblems } from './refused.ts';
export { type Carriers, ridingOn } from './riding.ts';
