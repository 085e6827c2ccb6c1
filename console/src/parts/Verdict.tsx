import type { ReactNode } from 'react';
import { StateShape } from './StateBadge';
import type { Shape, Tone } from './vocabulary';
import classes from './Verdict.module.css';

const SHAPE: Record<Tone, Shape> = { ok: 'disc', busy: 'half', wait: 'triangle', bad: 'square', off: 'ring' };

/** The one sentence on top of a page that answers "is it all right?". */
export function Verdict({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <p className={classes.verdict} data-tone={tone} role="status">
      <StateShape shape={SHAPE[tone]} tone={tone} size={12} />
      <span>{children}</span>
    </p>
  );
}
