import { Link, type LinkProps } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useI18n } from '~/i18n';
import { QuickLink } from './QuickLink';
import type { Tone } from './vocabulary';
import classes from './Figure.module.css';

/** Stands for a value that is not known yet. */
const UNKNOWN = '–';

/** A value that flashes once when it changes; not when it comes to be known. */
export function Flash({ value, children }: { value: string | number; children: React.ReactNode }) {
  const node = useRef<HTMLSpanElement>(null);
  const before = useRef(value);
  useEffect(() => {
    const element = node.current;
    if (before.current === value || !element) return;
    const known = before.current !== UNKNOWN;
    before.current = value;
    if (!known) return;
    element.classList.remove('flash');
    void element.offsetWidth; // starts the animation anew
    element.classList.add('flash');
  }, [value]);
  return <span ref={node}>{children}</span>;
}

interface FigureProps {
  value: number;
  /** Where its cause can be seen. */
  to?: LinkProps;
  tone?: Tone;
  /** Says what the figure is, for those who do not see the heading of its column. */
  label?: string;
  signed?: boolean;
}

/** A number, and the way to its cause. */
export function Figure({ value, to, tone, label, signed }: FigureProps) {
  const { f } = useI18n();
  const shown = (
    <Flash value={value}>
      <span className={`num ${tone ? `tone-${tone}` : ''}`}>{signed ? f.signed(value) : f.number(value)}</span>
    </Flash>
  );
  if (!to) return shown;
  const name = label ? `${label}: ${f.number(value)}` : undefined;
  // Where a place depends on the one before, only the router knows it.
  return typeof to.search === 'function' || to.resetScroll === false ? (
    <Link {...to} className={classes.figure} aria-label={name}>
      {shown}
    </Link>
  ) : (
    <QuickLink to={to} className={classes.figure} label={name}>
      {shown}
    </QuickLink>
  );
}

interface TileProps {
  label: string;
  value: number | string | undefined;
  /** Below the figure. */
  note?: React.ReactNode;
  to?: LinkProps;
  tone?: Tone;
}

/** A large figure with its name. */
export function Tile({ label, value, note, to, tone }: TileProps) {
  const { f } = useI18n();
  const shown = value === undefined ? UNKNOWN : typeof value === 'number' ? f.number(value) : value;
  const body = (
    <>
      <span className={classes.label}>{label}</span>
      <span className={`${classes.value} num ${tone ? `tone-${tone}` : ''}`}>
        <Flash value={shown}>{shown}</Flash>
      </span>
      {note && <span className={classes.note}>{note}</span>}
    </>
  );
  return to ? (
    <Link {...to} className={`${classes.tile} ${classes.link}`}>
      {body}
    </Link>
  ) : (
    <div className={classes.tile}>{body}</div>
  );
}
