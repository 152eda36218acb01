import { execFile } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { cleanEnvironment } from './environment.ts';

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** What the last stage of a Dockerfile comes to. */
export interface Built {
  /** The working directory, on this machine. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly command: readonly string[];
  /** The images that the stages begin from. */
  readonly bases: readonly string[];
}

/** One instruction an entry, without comments, with continued lines joined. */
function readDockerfile(text: string): readonly Instruction[] {
  return text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const [, name, rest] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? [];
      return name === undefined ? [] : [{ name, rest: rest! }];
    });
}

/**
 * Carries out a Dockerfile's instructions in an empty folder, one folder in it for each stage: as far as this machine has the
 * programs of the base images, what comes out is what is in the image.
 *
 * @param context where COPY takes files from.
 */
export async function carryOut(dockerfile: string, context: string, empty: string): Promise<Built> {
  const bases: string[] = [];
  const stages = new Map<string, string>();
  let stage = new Stage(empty);
  for (const { name, rest } of readDockerfile(dockerfile)) {
    switch (name) {
      case 'FROM': {
        const [base, alias = 'last'] = rest.split(/\s+AS\s+/);
        bases.push(base!);
        stage = new Stage(join(empty, alias));
        stages.set(alias, stage.root);
        break;
      }
      case 'WORKDIR':
        stage.workdir = join(stage.root, rest);
        await mkdir(stage.workdir, { recursive: true });
        break;
      case 'COPY':
        await stage.copy(rest, context, stages);
        break;
      case 'RUN':
        await promisify(execFile)('sh', ['-c', rest], { cwd: stage.workdir, env: cleanEnvironment() });
        break;
      case 'ENV':
        for (const pair of rest.split(/\s+/)) stage.env[pair.split('=')[0]!] = pair.slice(pair.indexOf('=') + 1);
        break;
      case 'USER':
        stage.user = rest;
        break;
      case 'ENTRYPOINT':
        stage.entrypoint = JSON.parse(rest);
        break;
      case 'CMD':
        stage.cmd = JSON.parse(rest);
        break;
      case 'EXPOSE':
        break;
      default:
        throw new Error(`The Dockerfile has the instruction ${name}, which this cannot carry out.`);
    }
  }
  const { workdir, env, user, entrypoint, cmd } = stage;
  return { folder: workdir, env, user, command: [...entrypoint, ...cmd], bases };
}

class Stage {
  readonly root: string;
  workdir: string;
  readonly env: Record<string, string> = {};
  user = 'root';
  entrypoint: readonly string[] = [];
  cmd: readonly string[] = [];

  constructor(root: string) {
    this.root = root;
    this.workdir = root;
  }

  async copy(words: string, context: string, stages: ReadonlyMap<string, string>): Promise<void> {
    const [, from, rest] = /^(?:--from=(\S+)\s+)?(.*)$/.exec(words)!;
    const paths = rest!.split(/\s+/);
    const target = resolve(this.workdir, paths.at(-1)!);
    for (const source of paths.slice(0, -1)) {
      const path = from === undefined ? join(context, source) : join(stages.get(from)!, source);
      // A folder's content goes into the target, a file goes there under its own name if the target is a folder.
      const isIntoFolder = /(^|\/)\.?\/?$/.test(paths.at(-1)!);
      await cp(path, isIntoFolder ? join(target, source) : target, { recursive: true });
    }
  }
}
