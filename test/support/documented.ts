import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cleanEnvironment } from './environment.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

interface Block {
  /** The headings above it: `## The switch`. */
  readonly heading: string;
  readonly language: string;
  readonly text: string;
}

/**
 * A page of `docs/`, whose files a test writes and whose commands it runs, in a folder that stands for the repository. A
 * `yaml` block that begins with `# PATH.yaml` is that file; an `sh` block runs; a `console` block is for people.
 */
export class DocumentedCommands {
  readonly #folder: string;
  readonly #blocks: readonly Block[];
  readonly #kubeconfig: string;

  private constructor(folder: string, blocks: readonly Block[], kubeconfig: string) {
    this.#folder = folder;
    this.#blocks = blocks;
    this.#kubeconfig = kubeconfig;
  }

  /**
   * @param page of `docs/`.
   * @param folder an empty one.
   * @param edit of what the page says, for what no test can have, such as fixed ports.
   */
  static async of(
    page: string,
    folder: string,
    kubeconfig: string,
    edit: (text: string) => string = (text) => text,
  ): Promise<DocumentedCommands> {
    const blocks = readBlocks(edit(await readFile(path.join(ROOT, 'docs', page), 'utf8')));
    await cp(path.join(ROOT, 'deploy'), path.join(folder, 'deploy'), { recursive: true });
    for (const { language, text } of blocks) {
      const [, file] = /^# (\S+\.yaml)\n/.exec(text) ?? [];
      if (language !== 'yaml' || file === undefined) continue;
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await writeFile(path.join(folder, file), text);
    }
    return new DocumentedCommands(folder, blocks, kubeconfig);
  }

  /** The commands below a heading, block by block. */
  below(heading: string): readonly string[] {
    const found = this.#blocks.filter((block) => block.heading === heading && block.language === 'sh');
    if (found.length === 0) throw new Error(`There are no commands below the heading "${heading}".`);
    return found.map(({ text }) => text);
  }

  /** @throws what the commands say, if one fails. */
  async run(commands: string): Promise<void> {
    const bins = [process.env.KUBEBUILDER_ASSETS!, path.join(ROOT, 'node_modules/.bin'), process.env.PATH];
    const env = { ...cleanEnvironment(), PATH: bins.join(path.delimiter), KUBECONFIG: this.#kubeconfig };
    await promisify(execFile)('sh', ['-euc', commands], { cwd: this.#folder, env });
  }
}

function readBlocks(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: { language: string; lines: string[] } | undefined;
  for (const line of page.split('\n')) {
    if (open === undefined && line.startsWith('## ')) heading = line.slice(3);
    if (!line.startsWith('```')) open?.lines.push(line);
    else if (open === undefined) open = { language: line.slice(3), lines: [] };
    else {
      blocks.push({ heading, language: open.language, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    }
  }
  return blocks;
}
