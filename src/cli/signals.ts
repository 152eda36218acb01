import { constants } from 'node:os';

/** Why a command was asked to stop. A command may throw it on: whatever `signal.throwIfAborted()` cuts short. */
export class Interruption extends Error {
  readonly exitStatus: number;

  constructor(name: (typeof stops)[number] | 'SIGPIPE') {
    super(`ended by ${name}`);
    this.name = 'Interruption';
    // The shell's convention for a process that a signal ended.
    this.exitStatus = 128 + constants.signals[name];
  }
}

const stops = ['SIGINT', 'SIGTERM'] as const;

/**
 * Turns the first SIGINT or SIGTERM into an abort, so that a command can end what it started; the second ends the process
 * at once, for whoever has no more patience.
 */
export function watchSignals(): {
  readonly signal: AbortSignal;
  /** Ends the command as if by SIGPIPE, which Node does not let through: nobody reads what it prints. */
  pipeBroken(): void;
  forget(): void;
} {
  const controller = new AbortController();
  const listeners = stops.map((name) => {
    const listener = (): void => {
      const interruption = new Interruption(name);
      if (controller.signal.aborted) process.exit(interruption.exitStatus);
      controller.abort(interruption);
    };
    process.on(name, listener);
    return [name, listener] as const;
  });
  return {
    signal: controller.signal,
    pipeBroken: () => controller.abort(new Interruption('SIGPIPE')),
    forget() {
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}

/** Settles when the signal fires, at once if it has. */
export function interrupted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
