export { type ObjectReading, readObject } from './object.ts';
