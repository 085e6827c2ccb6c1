import type { Dictionary } from '../dictionary';
import { en } from '../en';
import { imports } from './imports';
import { orders } from './orders';
import { overview } from './overview';
import { sandbox } from './sandbox';
import { shell } from './shell';
import { states } from './states';
import { stock } from './stock';
import { work } from './work';

// Areas that are not translated yet are in English.
export const th: Dictionary = {
  ...en,
  ...shell,
  ...states,
  ...overview,
  ...stock,
  ...orders,
  ...work,
  ...imports,
  ...sandbox,
};
