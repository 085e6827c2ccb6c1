import type { Dictionary } from '../dictionary';
import { en } from '../en';

// FIXME: not translated yet.
export const zh: Dictionary = en;
