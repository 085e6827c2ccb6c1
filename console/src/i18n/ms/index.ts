import type { Dictionary } from '../dictionary';
import { en } from '../en';
import { orders } from './orders';
import { overview } from './overview';
import { shell } from './shell';
import { states } from './states';
import { stock } from './stock';

// Areas that are not translated yet are in English.
export const ms: Dictionary = { ...en, ...shell, ...states, ...overview, ...stock, ...orders };
