/** An Envoy that requests are sent through. */
export interface Gateway {
  readonly title: string;
  /** Where it accepts requests, on the loopback address. */
  readonly port: number;
  /** Its process. */
  readonly pid: number;
  /** How many previews its service has; none at all for an Envoy without shunt. */
  readonly previews: number | undefined;
}
