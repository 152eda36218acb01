/** RFC 1123, 2.1, in lower case: DNS knows no case, and Kubernetes takes no other. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A DNS label, as Kubernetes asks of the names of namespaces and Services: 63 characters at most. */
export function isDnsLabel(text: string): boolean {
  return LABEL.test(text);
}

/** A DNS name without a final dot: labels, 253 characters in all. */
export function isDnsName(text: string): boolean {
  return text.length <= 253 && text.split('.').every(isDnsLabel);
}
