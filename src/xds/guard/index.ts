/** What every call passes, whatever it asks for: nobody gets more of the server than it can give. */
export { Guard, type GuardContext, guardOf } from './guard.ts';
export { Ledger, type LedgerLimits, type Peer, type Share } from './ledger.ts';
export type { Rate } from './token-bucket.ts';
