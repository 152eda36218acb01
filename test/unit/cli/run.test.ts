import { once } from 'node:events';
import { Writable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import type { Command, Context } from '../../../src/cli/command.ts';
import type { CommandEntry } from '../../../src/cli/commands.ts';
import { run, type Terminal } from '../../../src/cli/run.ts';
import { SettingsError } from '../../../src/settings/index.ts';

/** Runs a command line against commands of its own, and keeps what is printed. */
async function shunt(line: string, commands: Record<string, Partial<Command>> = {}, env: Record<string, string> = {}) {
  const printed = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof printed) =>
    new Writable({
      write(chunk, _encoding, done) {
        printed[name] += chunk;
        done();
      },
    });
  const args = line.split(' ').filter((word) => word !== '');
  const status = await runIn({ stdout: stream('stdout'), stderr: stream('stderr'), env }, args, commands);
  return { status, ...printed };
}

function runIn(terminal: Terminal, args: readonly string[], commands: Record<string, Partial<Command>>) {
  const entries = Object.entries({ serve: {}, bootstrap: {}, ...commands }).map(
    ([name, parts]): CommandEntry => ({
      name,
      summary: `The summary of ${name}.`,
      load: async () => ({ settings: ['xds', 'logLevel', 'config'], examples: [], run: async () => 0, ...parts }),
    }),
  );
  return run(args, terminal, entries);
}

/** A command that remembers what it was given. */
function recorder(): { command: Partial<Command>; contexts: Context[] } {
  const contexts: Context[] = [];
  const command: Partial<Command> = {
    run: async (context) => {
      contexts.push(context);
      return 0;
    },
  };
  return { command, contexts };
}

describe('a command line', () => {
  test('runs the command that it names, with the settings of flags and environment', async () => {
    const { command, contexts } = recorder();
    const { status } = await shunt('serve --xds localhost:1', { serve: command }, { SHUNT_LOG_LEVEL: 'debug' });
    expect(status).toBe(0);
    expect(contexts).toHaveLength(1);
    expect(contexts[0]!.settings).toMatchObject({ xds: { host: 'localhost', port: 1 }, logLevel: 'debug' });
  });

  test("ends with the command's own status", async () => {
    expect(await shunt('serve', { serve: { run: async () => 7 } })).toEqual({ status: 7, stdout: '', stderr: '' });
  });

  test('hands the arguments that are no flags to a command that takes such', async () => {
    const { command, contexts } = recorder();
    const positionals = [
      { name: 'FOLDER', summary: 'A folder.', required: true },
      { name: 'NAME', summary: 'A name.', required: false },
    ];
    await shunt('render here', { render: { ...command, positionals } });
    await shunt('render -- --odd name', { render: { ...command, positionals } });
    expect(contexts.map((context) => context.positionals)).toEqual([['here'], ['--odd', 'name']]);
    expect((await shunt('render', { render: { ...command, positionals } })).stderr).toBe(
      'shunt: argument FOLDER is missing; see shunt render --help.\n',
    );
    expect((await shunt('render a b c', { render: { ...command, positionals } })).stderr).toBe(
      'shunt: argument "c": shunt render takes no such argument; see shunt render --help.\n',
    );
  });

  test.each([
    ['sevre', 'shunt: command "sevre": there is no such command; did you mean shunt serve?\n'],
    ['boot', 'shunt: command "boot": there is no such command; did you mean shunt bootstrap?\n'],
    ['launch', 'shunt: command "launch": there is no such command; write one of serve, bootstrap.\n'],
    ['help sevre', 'shunt: command "sevre": there is no such command; did you mean shunt serve?\n'],
    ['--xds', 'shunt: flag --xds: it comes after a command, as in shunt serve --xds; see shunt --help.\n'],
    ['serve --xsd a:1', 'shunt: flag --xsd: shunt serve has no such flag; did you mean --xds?\n'],
    ['serve now', 'shunt: argument "now": shunt serve takes no such argument; see shunt serve --help.\n'],
  ])('that nobody can carry out (%s) is refused with status 2 and a sentence', async (line, sentence) => {
    expect(await shunt(line)).toEqual({ status: 2, stdout: '', stderr: sentence });
  });

  test('with several mistakes has a sentence for each', async () => {
    const { status, stderr } = await shunt('serve --xds a', {}, { SHUNT_ADMIN: 'b' });
    expect(status).toBe(2);
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^shunt: flag --xds: "a" is not HOST:PORT;/),
      expect.stringMatching(/^shunt: environment variable SHUNT_ADMIN: "b" is not HOST:PORT;/),
    ]);
  });
});

describe('a command that goes wrong', () => {
  const failing = (error: unknown) => ({
    serve: {
      run: async () => {
        throw error;
      },
    },
  });

  test('ends with status 1 and the sentence of its error, without a stack', async () => {
    expect(await shunt('serve', failing(new Error('The folder "x" does not exist.')))).toEqual({
      status: 1,
      stdout: '',
      stderr: 'shunt: The folder "x" does not exist.\n',
    });
  });

  test('ends with status 2 where a setting is to blame', async () => {
    expect(await shunt('serve', failing(new SettingsError(['there is nothing to watch.'])))).toEqual({
      status: 2,
      stdout: '',
      stderr: 'shunt: there is nothing to watch.\n',
    });
  });

  test('shows where it went wrong at the log level debug', async () => {
    const { stderr } = await shunt('serve --log-level debug', failing(new Error('No.')));
    expect(stderr).toMatch(/^shunt: Error: No\.\n {4}at /);
  });

  test('by a mistake in the program shows its stack', async () => {
    const { status, stderr } = await shunt('serve', failing(new TypeError('x is not a function')));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^shunt: a mistake in Shunt itself: TypeError: x is not a function\n {4}at /);
  });
});

describe('a signal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s reaches the command as an abort; what that cuts short is no error', async (name, status) => {
    const before = process.listenerCount(name);
    const { stderr, ...rest } = await shunt('serve', {
      serve: {
        run: ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
            process.emit(name);
          }),
      },
    });
    expect({ stderr, ...rest }).toEqual({ status, stdout: '', stderr: '' });
    expect(process.listenerCount(name)).toBe(before);
  });
});

test('a second signal ends the process at once, with the status that says which', async () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
  try {
    await shunt('serve', {
      serve: {
        run: async () => {
          process.emit('SIGTERM');
          expect(exit).not.toHaveBeenCalled();
          process.emit('SIGINT');
          return 0;
        },
      },
    });
    expect(exit).toHaveBeenCalledExactlyOnceWith(130);
  } finally {
    exit.mockRestore();
  }
});

test('a command of which nobody reads any more what it prints is told to end, as by SIGPIPE, and may print on', async () => {
  const broken = (): Writable =>
    new Writable({
      autoDestroy: false,
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
  const run = async ({ signal, stdout }: Context) => {
    stdout.write('a line');
    await once(signal, 'abort');
    stdout.write('another');
    throw signal.reason;
  };
  expect(await runIn({ stdout: broken(), stderr: broken(), env: {} }, ['serve'], { serve: { run } })).toBe(141);
});

describe('help', () => {
  test.each(['', '--help', '-h', 'help'])('of all commands is what "%s" prints', async (line) => {
    const { status, stdout, stderr } = await shunt(line);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(
      `Shunt sends chosen requests to preview copies of a service, by telling Envoy which.

Usage: shunt COMMAND [FLAGS]

Commands:
  serve      The summary of serve.
  bootstrap  The summary of bootstrap.

Flags:
  -h, --help  Print this, or with a command its flags and examples.
  --version   Print the version of Shunt.

A setting is a flag (--log-level), an environment variable (SHUNT_LOG_LEVEL), or a key in a YAML
file (log-level) that --config names. Flags come before the environment, and the environment before
the file.

See shunt COMMAND --help.
`,
    );
  });

  test.each(['serve --help', 'serve -h', 'help serve', 'serve --xds nonsense -h'])(
    'of a command is what "%s" prints, and nothing runs',
    async (line) => {
      const { command, contexts } = recorder();
      const positionals = [{ name: 'FOLDER', summary: 'Where to look.', required: false }];
      const settings = ['namespace', 'kubernetes', 'keyHeader', 'directory'] as const;
      const examples = [{ line: 'shunt serve here', says: 'Serve.' }];
      const { status, stdout, stderr } = await shunt(line.replace('--xds', '--key-header'), {
        serve: { ...command, positionals, settings, examples, notes: '\nA note.' },
      });
      expect({ status, stderr, contexts }).toEqual({ status: 0, stderr: '', contexts: [] });
      expect(stdout).toBe(
        `The summary of serve.

Usage: shunt serve [FOLDER] [FLAGS]

Arguments:
  FOLDER  Where to look.

Flags:
  --namespace NAME       Watch only these namespaces of the cluster. May be repeated. Default: all.
                         [SHUNT_NAMESPACE]
  --kubernetes           Watch a Kubernetes cluster: the one that this runs in, or the one of your
                         kubeconfig. Default: off. [SHUNT_KUBERNETES]
  --key-header NAME|off  The request header that carries a key. Default: x-preview.
                         [SHUNT_KEY_HEADER]
  --directory FOLDER     Watch the Kubernetes manifests in this folder. [SHUNT_DIRECTORY]
  -h, --help             Print this.

A note.

Examples:
  # Serve.
  shunt serve here
`,
      );
    },
  );

  test('is never wider than a terminal of 100 columns', async () => {
    const fields = { settings: ['xds', 'admin', 'previewDomain', 'protocol', 'envoyAdmin', 'nodeId'] as const };
    const { stdout } = await shunt('serve --help', { serve: fields });
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test('--version prints the version of the package', async () => {
    const { stdout } = await shunt('--version');
    expect(stdout).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+\S*\n$/);
  });
});
