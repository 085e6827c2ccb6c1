import type { ReactNode } from 'react';

/** Names and what they are, one under the other; how wide they are is the page's own. */
export function FactList({ facts, className }: { facts: [string, ReactNode][]; className: string | undefined }) {
  return (
    <dl className={className}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
