// A word of the server that this console does not know is shown in English, whatever the language: none may be missing.

import { describe, expect, it } from 'vitest';
import payments from '../../../rules/src/commands/record_payment.rs?raw';
import jobs from '../../../rules/src/job.rs?raw';
import movements from '../../../rules/src/movement.rs?raw';
import feed from '../../../rules/src/event.rs?raw';
import orders from '../../../rules/src/order.rs?raw';
import stock from '../../../rules/src/commands/change_stock.rs?raw';
import faults from '../../../sandbox/src/faults.rs?raw';
import { en } from '~/i18n/en';
import { VOCABULARY } from './vocabulary';

const COMMANDS = import.meta.glob<string>('../../../rules/src/commands/**/*.rs', { query: '?raw', import: 'default', eager: true });

const words = (source: string, pattern: RegExp): string[] => [...new Set([...source.matchAll(pattern)].map(([, word]) => word ?? ''))];
/** What `names!` calls the members of a type. */
const namesOf = (source: string, type: string): string[] => {
  const body = new RegExp(`names!\\(${type} \\{([^}]*)\\}`).exec(source)?.[1] ?? '';
  return words(body, /= "(\w+)"/g);
};

function steps(): string[] {
  const all = Object.values(COMMANDS).join('\n');
  const said = words(all, /finish_order\(\s*\w+,\s*\w+,\s*\w+,\s*"(\w+)"/g);
  const chosen = words(all, /let step = if order\.state == [\w:]+ \{ ("\w+" \} else \{ "\w+") \}/g).flatMap((both) => words(both, /"(\w+)"/g));
  const paid = words(/fn step[^]*?\n {4}\}/.exec(payments)?.[0] ?? '', /=> "(\w+)"/g);
  return [...said, ...chosen, ...paid];
}

describe('words of the server', () => {
  const known = (prefix: string, found: string[], atLeast: number) => {
    expect(found.length).toBeGreaterThanOrEqual(atLeast);
    expect(found.filter((word) => !(`${prefix}.${word}` in en))).toEqual([]);
  };

  it('for the steps of an order', () => known('step', ['placed', ...steps()], 20));
  it('for kinds of jobs', () => known('kind', words(/KINDS: &\[&str\] = &\[([^\]]*)\]/.exec(jobs)?.[1] ?? '', /"(\w+)"/g), 16));
  it('for lanes', () => known('lane', words(/LANES: [^=]*= &\[([^;]*)\];/.exec(jobs)?.[1] ?? '', /\("(\w+)"/g), 3));
  it('for what happens to a job', () => known('event', words(feed, /rename = "(job\.\w+)"/g), 3));
  it('for movements', () => known('movement', words(movements, /Self::\w+ => "(\w+)"/g), 16));
  it('for what became of the goods', () => known('goods', namesOf(orders, 'FulfilmentState'), 7));
  it('for reasons of a change', () => known('reason', namesOf(stock, 'Reason'), 8));

  it('for what a look-alike of a marketplace does wrong', () => {
    const body = /pub enum Fault \{([^]*?)\n\}/.exec(faults)?.[1] ?? '';
    const snake = (name: string) => name.replace(/(?!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
    known('fault', words(body, /^ {4}([A-Z]\w+)/gm).map(snake), 17);
  });

  it.each([
    ['OrderState', VOCABULARY.order, 7],
    ['PaymentState', VOCABULARY.payment, 10],
  ] as const)('for %s', (type, vocabulary, atLeast) => {
    const names = namesOf(orders, type);
    expect(names.length).toBeGreaterThanOrEqual(atLeast);
    expect(names.filter((name) => !(name in vocabulary))).toEqual([]);
  });
});
