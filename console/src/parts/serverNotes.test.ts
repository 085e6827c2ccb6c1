import { describe, expect, it } from 'vitest';
import steps from '../../../rules/src/commands/channels/market_steps.rs?raw';
import edits from '../../../rules/src/commands/channels/edits.rs?raw';
import stock from '../../../rules/src/commands/change_stock.rs?raw';
import late from '../../../rules/src/commands/confirm_order.rs?raw';
import second from '../../../rules/src/commands/record_payment.rs?raw';
import queue from '../../../api/src/routes/queue.rs?raw';
import back from '../../../rules/src/commands/return_order.rs?raw';
import { filled } from '~/i18n/dictionary';
import { en } from '~/i18n/en';
import { noteOf, pauseReasonOf, reasonOf } from './serverNotes';

/** What the console says is marked: in English it may be the very words of the server. */
const t = ((key: keyof typeof en, values: Record<string, string>) => `“${filled(en[key] as string, values ?? {}, String)}”`) as never;

describe('a note', () => {
  it('of the server is said by the console, with what stands in it', () => {
    const written = [steps, late, second, edits].flatMap((source) =>
      [...source.matchAll(/(?:Some\(|let note =\s*)(?:format!\()?"([^"]{5,})"/g)].map(([, text]) => text ?? '').filter((text) => / /.test(text)),
    );
    expect(written.length).toBe(6);
    for (const text of written) {
      const note = text.replaceAll(/\{[^}]*\}/g, '7');
      expect(noteOf(t, note), note).not.toBe(note);
    }
    expect(noteOf(t, 'listing 4: 7 became -2')).toContain('7 → -2');
    expect(noteOf(t, 'pi_1 has paid for it already; give pi_2 back')).toMatch(/pi_1.*pi_2/);
  });

  it('of a person stands as it was written', () => {
    expect(noteOf(t, 'too_small: shipped on the marketplace')).toBe('too_small: shipped on the marketplace');
    expect(reasonOf(t, 'too_small')).toBe('too_small');
  });
});

describe('a reason', () => {
  it('of a pause is what a person has given', () => {
    const written = [...queue.matchAll(/request\.reason\.clone\(\)\.unwrap_or_else\(\|\| "([^"]+)"/g)].map(([, text]) => text);
    expect(written.length).toBe(1);
    for (const paused_reason of [...written, '', null]) expect(pauseReasonOf({ paused_reason })).toBeUndefined();
    expect(pauseReasonOf({ paused_reason: 'stocktaking' })).toBe('stocktaking');
  });

  it('of the server has a word', () => {
    const names = [...(/names!\(Reason \{[^}]*/.exec(stock)?.[0] ?? '').matchAll(/"(\w+)"/g), ...back.matchAll(/Self::\w+ => "(\w+)"/g), ...edits.matchAll(/reason: Some\("(\w+)"/g)];
    expect(names.length).toBe(12);
    for (const [, name = ''] of names) expect(reasonOf(t, name), name).not.toBe(name);
    expect(reasonOf(t, 'cancelled on the marketplace')).toBe(`“${en['note.cancelled_there']}”`);
  });
});
