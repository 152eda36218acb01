import type { SettingField } from './settings.ts';

/** A setting as someone wrote it. */
export interface Given {
  readonly field: SettingField;
  readonly text: string;
  /** `flag --xds`, `environment variable SHUNT_XDS`, `shunt.yaml:4 key xds`. */
  readonly place: string;
}

/** What one of the three places holds; `problems` are sentences about what cannot be a setting at all. */
export interface Found {
  readonly given: readonly Given[];
  readonly problems: readonly string[];
}
