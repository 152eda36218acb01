/** What operators' monitoring reads. */
export { Metrics } from './metrics.ts';
