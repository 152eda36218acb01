/** True for names that are read: `.yaml`, `.yml` and `.json`, unless hidden. */
export function isManifestName(name: string): boolean {
  return /\.(yaml|yml|json)$/.test(name) && !isHidden(name);
}

/** Dot entries are an editor's (`.shop.yaml.swp`), a tool's (`.git`) or a mounted ConfigMap's own (`..data`). */
export function isHidden(name: string): boolean {
  return name.startsWith('.');
}
