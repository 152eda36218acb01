import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pair } from './certificates.ts';

/** What a mounted Secret holds. */
export interface SecretContent extends Pair {
  /** As PEM. */
  readonly ca: string;
}

/** A folder with `tls.crt`, `tls.key` and `ca.crt`, filled and changed as Kubernetes does: by moving one symbolic link. */
export class MountedSecret {
  readonly path = mkdtempSync(join(tmpdir(), 'shunt-secret-'));
  readonly files = {
    certificate: join(this.path, 'tls.crt'),
    key: join(this.path, 'tls.key'),
    ca: join(this.path, 'ca.crt'),
  };
  #version = 0;
  #content: SecretContent;

  constructor(content: SecretContent) {
    this.#content = content;
    this.replace(content);
    for (const path of Object.values(this.files)) {
      const name = path.slice(this.path.length + 1);
      symlinkSync(join('..data', name), path);
    }
  }

  /** https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/atomic_writer.go */
  replace(content: Partial<SecretContent>): void {
    this.#content = { ...this.#content, ...content };
    const before = `..${this.#version}`;
    this.#version += 1;
    const now = `..${this.#version}`;
    mkdirSync(join(this.path, now));
    const { certificate, key, ca } = this.#content;
    const texts = { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': ca };
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(this.path, now, name), text);
    symlinkSync(now, join(this.path, '..data_tmp'));
    renameSync(join(this.path, '..data_tmp'), join(this.path, '..data'));
    rmSync(join(this.path, before), { recursive: true, force: true });
  }

  delete(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
