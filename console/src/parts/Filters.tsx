import type { ReactNode } from 'react';
import classes from './Filters.module.css';

/** The row of fields above a table; what they say is in the URL. */
export function Filters({ children, aside }: { children: ReactNode; aside?: ReactNode }) {
  return (
    <div className={classes.filters}>
      <div className={classes.fields}>{children}</div>
      {aside}
    </div>
  );
}
