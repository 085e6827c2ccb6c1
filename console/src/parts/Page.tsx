import { useEffect, type ReactNode } from 'react';
import { CopyCurl } from './CopyCurl';
import classes from './Page.module.css';

interface Props {
  title: string;
  /** Shown before the title: where this page belongs. */
  above?: ReactNode;
  /** Beside the title: the state of what the page is about. */
  beside?: ReactNode;
  verdict?: ReactNode;
  actions?: ReactNode;
  /** The request that gives what the page shows, as a path with its query. */
  curl: string;
  /** The page is one table that takes what is left of the window. */
  filled?: boolean;
  children: ReactNode;
}

/** The frame of every page: title, verdict, actions, "copy as curl". */
export function Page({ title, above, beside, verdict, actions, curl, filled, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Onhand`;
  }, [title]);
  return (
    <div className={`${classes.page} ${filled ? classes.filled : ''}`}>
      <header className={classes.head}>
        <div className={classes.titles}>
          {above && <div className={classes.above}>{above}</div>}
          <div className={classes.line}>
            <h1>{title}</h1>
            {beside}
          </div>
          {verdict}
        </div>
        <div className={classes.actions}>
          {actions}
          <CopyCurl path={curl} />
        </div>
      </header>
      {children}
    </div>
  );
}

/** A box with a heading. */
export function Panel({ id, title, aside, children, flush }: { id?: string; title?: ReactNode; aside?: ReactNode; children: ReactNode; flush?: boolean }) {
  return (
    <section id={id} className={classes.panel}>
      {title && (
        <div className={classes.panelHead}>
          <h2>{title}</h2>
          {aside}
        </div>
      )}
      <div className={flush ? classes.flush : classes.panelBody}>{children}</div>
    </section>
  );
}
