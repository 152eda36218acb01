import type { Preview } from '../catalog/model.ts';
import { describe } from '../catalog/model.ts';
import type { Problem } from '../problems.ts';

/** What the owner of a preview is told. */
export function previewProblem(preview: Preview, code: Problem['code'], message: string, advice: string): Problem {
  return { code, object: describe(preview), place: preview.place, message, advice };
}
