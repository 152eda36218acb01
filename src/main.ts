#!/usr/bin/env node
// This file has to be understood by the very Node that it turns away. So it imports nothing before it has looked at the
// version, and says nothing that Node 12 cannot parse: no `?.`, no `??`, no top-level `await`.

// The same as `engines` in package.json.
const oldest = [22, 19];

const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
if (major < oldest[0]! || (major === oldest[0] && minor < oldest[1]!)) {
  process.stderr.write(`shunt needs Node.js ${oldest.join('.')} or newer, and this is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else {
  import('./cli/run.ts').then(async ({ run }) => {
    process.exitCode = await run(process.argv.slice(2));
  });
}
