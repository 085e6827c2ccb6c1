import type { ReactNode } from 'react';
import classes from './FactList.module.css';

/** Names and what they are, one under the other; a page with longer names sets `--fact-name` in a class of its own. */
export function FactList({ facts, className = '' }: { facts: [string, ReactNode][]; className?: string }) {
  return (
    <dl className={`${classes.facts} ${className}`}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
