import { useRouter, type LinkProps } from '@tanstack/react-router';
import type { MouseEvent, ReactNode } from 'react';
import { stringifySearch } from '~/shell/search';

/** Where a link leads, as an address: `to` with its `$names` filled in, and the parameters. */
export function hrefOf({ to, params, search }: LinkProps): string {
  const given = (params ?? {}) as Record<string, unknown>;
  const path = String(to).replace(/\$(\w+)/g, (_, name: string) => encodeURIComponent(String(given[name])));
  return path + stringifySearch((search ?? {}) as Record<string, unknown>);
}

/** Whether a click is for the browser: a new tab, a download, another button. */
function isForBrowser(event: MouseEvent): boolean {
  return event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.defaultPrevented;
}

interface Props {
  to: LinkProps;
  className?: string;
  label?: string;
  title?: string;
  children: ReactNode;
}

/**
 * A link for rows of a table. The router's own compares itself with every address and measures where the pointer is: with
 * eight of them in a row, that is most of what scrolling costs. `search` must be an object here, not a function.
 */
export function QuickLink({ to, className, label, title, children }: Props) {
  const router = useRouter();
  const href = hrefOf(to);
  return (
    <a
      href={href}
      className={className}
      aria-label={label}
      title={title}
      onClick={(event) => {
        if (isForBrowser(event)) return;
        event.preventDefault();
        router.history.push(href);
      }}
    >
      {children}
    </a>
  );
}
