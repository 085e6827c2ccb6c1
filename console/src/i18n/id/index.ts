import type { Dictionary } from '../dictionary';
import { en } from '../en';

// FIXME: not translated yet.
export const id: Dictionary = en;
