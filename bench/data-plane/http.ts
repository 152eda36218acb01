/** Ends the head of a message of HTTP/1.1. */
export const END_OF_HEAD = Buffer.from('\r\n\r\n');
