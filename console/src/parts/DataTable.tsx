import { useMediaQuery } from '@mantine/hooks';
import { useLocation } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useCallback, useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useI18n } from '~/i18n';
import { isTyping } from '~/shell/keyboard';
import { fitting, type Spacing } from './fitting';
import { useFlung } from './fling';
import { useSteady } from './steady';
import { useWidth } from './width';
import classes from './DataTable.module.css';

export interface Column<Row> {
  id: string;
  header: string;
  /** Longer name of the column, where the heading is short. */
  hint?: string;
  /** What stands in the cell; the first column holds the link to the row's own page. */
  cell: (row: Row) => ReactNode;
  /** The same as plain text, while the table goes by too fast to be read. Where one column of a table has it, the others are empty then. */
  glimpse?: (row: Row) => string | number;
  /** A CSS grid track: `120px`, `minmax(140px, 2fr)`. */
  width: string;
  align?: 'end';
  /** The heading is only for those who do not see the column. */
  bare?: boolean;
  /** Width of the table from which the column is shown, in pixels; always when missing. */
  from?: number;
}

export interface TableProps<Row> {
  /** What the rows are. */
  label: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  loading?: boolean;
  /** More rows can be had from the server. */
  more?: boolean;
  onMore?: () => void;
  /** Enter on a row, or a click beside its links. */
  onOpen?: (row: Row) => void;
  /** Other keys on the row under the cursor. */
  onKey?: (key: string, row: Row) => void;
  /** The rows are not the newest any more; `onReload` reads them again. */
  stale?: boolean;
  onReload?: () => void;
  /** What is said when there are no rows. */
  empty: ReactNode;
  /** Rows keep to themselves as high as they need instead of filling what is left of the window. */
  inline?: boolean;
  tone?: (row: Row) => 'bad' | 'wait' | undefined;
}

const ROW = 36;
/** As in the stylesheet, where a row has this padding and these gaps. */
const NARROW = '(max-width: 700px)';
const WIDE: Spacing = { gap: 18, ends: 32 };
const TIGHT: Spacing = { gap: 10, ends: 24 };
const HEAD_AND_FOOT = 68;
/** What is said instead of rows is as high as so many of them. */
const EMPTY = 3;
/** Where little of the window is left, a table is still so high, and the page scrolls. */
const LOW = 240;
/** Rows before the end at which the next page is asked for. */
const AHEAD = 60;

/** One table for all pages: as many rows as the server has, of which only those in sight are drawn. `j` and `k` move. */
export function DataTable<Row>(props: TableProps<Row>) {
  const { label, columns, rowKey, loading, more, onMore, onOpen, empty, inline, tone } = props;
  const { t } = useI18n();
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const width = useWidth(scroller);
  const [chosen, setChosen] = useState<string>();
  const [pointed, setPointed] = useState(false);
  // Filters live in the address: with another one it is another list.
  const list = useLocation({ select: ({ pathname, searchStr }) => pathname + searchStr });
  const held = useMemo(() => chosen !== undefined && props.rows.some((row) => rowKey(row) === chosen), [props.rows, rowKey, chosen]);
  const { rows, waiting, show } = useSteady(props.rows, rowKey, pointed || held, list);
  const cursor = useMemo(() => (chosen === undefined ? -1 : rows.findIndex((row) => rowKey(row) === chosen)), [rows, rowKey, chosen]);
  // Where it was, so that the keys go on from there when its row has gone.
  const place = useRef(-1);
  useEffect(() => {
    if (cursor >= 0 || chosen === undefined) place.current = cursor;
  }, [cursor, chosen]);
  const narrow = useMediaQuery(NARROW, undefined, { getInitialValueInEffect: false });
  const shown = useMemo(() => (width ? fitting(columns, width, narrow ? TIGHT : WIDE) : columns), [columns, width, narrow]);
  const template = shown.map((column) => column.width).join(' ');

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const flung = useFlung(virtual);
  const brief = useMemo(() => flung && shown.some(({ glimpse }) => glimpse), [flung, shown]);
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && onMore && last >= rows.length - AHEAD) onMore();
  }, [more, onMore, last, rows.length]);

  const choose = (index: number) => {
    const row = rows[index];
    setChosen(row && rowKey(row));
  };
  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    choose(next);
    virtual.scrollToIndex(next);
  };
  const onKeyDown = (event: { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean; preventDefault: () => void }) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rows[cursor];
    // The row below one that has gone stands where that was.
    const below = cursor < 0 && chosen !== undefined ? place.current : cursor + 1;
    const above = (cursor < 0 ? place.current : cursor) - 1;
    const steps: Record<string, () => void> = {
      j: () => move(below),
      k: () => move(above),
      ArrowDown: () => move(below),
      ArrowUp: () => move(above),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      Enter: () => row && onOpen?.(row),
      ...(chosen !== undefined && { Escape: () => setChosen(undefined) }),
    };
    const step = steps[event.key];
    if (step) {
      event.preventDefault();
      step();
    } else if (row) {
      props.onKey?.(event.key, row);
    }
  };
  useGlobalKeys(onKeyDown, !inline);

  const clicked = useRef((_index: number, _target: EventTarget) => undefined as void);
  useEffect(() => {
    clicked.current = (index, target) => {
      const row = rows[index];
      setChosen(row && rowKey(row));
      if (row && onOpen && !isOwnControl(target)) onOpen(row);
    };
  });
  const click = useCallback((index: number, target: EventTarget) => clicked.current(index, target), []);

  const onGridKey = (event: KeyboardEvent) => {
    if (event.target === scroller.current) onKeyDown(event);
  };

  return (
    <div className={`${classes.frame} ${inline ? classes.inline : ''}`} style={inline ? undefined : { minHeight: Math.min(LOW, HEAD_AND_FOOT + (rows.length || EMPTY) * ROW) }}>
      <div
        ref={scroller}
        className={classes.scroller}
        role="grid"
        aria-label={label}
        aria-rowcount={more ? -1 : rows.length + 1}
        aria-busy={loading || undefined}
        aria-activedescendant={cursor >= 0 ? `${id}-${cursor}` : undefined}
        tabIndex={0}
        onKeyDown={onGridKey}
        onPointerEnter={(event) => setPointed(event.pointerType === 'mouse')}
        onPointerLeave={() => setPointed(false)}
      >
        <div role="rowgroup" className={classes.head}>
          <div role="row" className={classes.row} style={{ gridTemplateColumns: template }} aria-rowindex={1}>
            {shown.map((column) => (
              <div
                key={column.id}
                role="columnheader"
                title={column.hint}
                className={classes.cell}
                data-align={column.align}
              >
                {column.bare ? <span className="unseen">{column.header}</span> : column.header}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, start }) => {
            const row = rows[index];
            if (!row) return null;
            return (
              <Line
                key={rowKey(row)}
                id={`${id}-${index}`}
                row={row}
                columns={shown}
                template={template}
                index={index}
                start={start}
                chosen={index === cursor}
                tone={tone?.(row)}
                brief={brief}
                opens={onOpen !== undefined}
                onClick={click}
              />
            );
          })}
        </div>
        {rows.length === 0 && (
          <div className={classes.empty} role="row">
            <div role="gridcell">{loading ? t('loading') : empty}</div>
          </div>
        )}
      </div>
      <div className={classes.foot} aria-live="off" data-news={waiting > 0 ? '' : undefined}>
        <span>
          {waiting > 0 && (
            <>
              <button type="button" className={classes.reload} onClick={show}>
                {t('table.news', { n: waiting })}
              </button>
              {' · '}
            </>
          )}
          {more ? t('table.loaded', { n: rows.length }) : t('table.all', { n: rows.length })}
          {props.stale && props.onReload && (
            <>
              {' · '}
              <button type="button" className={classes.reload} onClick={props.onReload}>
                {t('table.stale')}
              </button>
            </>
          )}
        </span>
        <span className={classes.keys}>{t('table.keys')}</span>
      </div>
    </div>
  );
}

interface LineProps<Row> {
  id: string;
  row: Row;
  columns: Column<Row>[];
  template: string;
  index: number;
  start: number;
  chosen: boolean;
  tone: 'bad' | 'wait' | undefined;
  /** It goes by too fast to be read. */
  brief: boolean;
  opens: boolean;
  onClick: (index: number, target: EventTarget) => void;
}

/** One row. It is drawn again only when something of it changes, not when the table scrolls. */
const Line = memo(function Line<Row>({ id, row, columns, template, index, start, chosen, tone, brief, opens, onClick }: LineProps<Row>) {
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={chosen}
      className={`${classes.row} ${classes.line}`}
      data-tone={tone}
      data-open={opens ? '' : undefined}
      style={{ gridTemplateColumns: template, transform: `translateY(${start}px)` }}
      onClick={(event) => onClick(index, event.target)}
    >
      {columns.map((column, place) => {
        if (brief && !column.glimpse) return null;
        return (
          <div key={column.id} role="gridcell" className={classes.cell} data-align={column.align} style={brief ? { gridColumn: place + 1 } : undefined}>
            {brief ? column.glimpse?.(row) : column.cell(row)}
          </div>
        );
      })}
    </div>
  );
}) as <Row>(props: LineProps<Row>) => ReactNode;

/** Whether a click was meant for a link, a button or a field inside the row. */
function isOwnControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a,button,input,select,textarea,label,[role="dialog"]') !== null;
}

/** `j` and `k` without clicking into the table first; only for the one table that is the page. */
function useGlobalKeys(handler: (event: globalThis.KeyboardEvent) => void, active: boolean) {
  const current = useRef(handler);
  useEffect(() => {
    current.current = handler;
  });
  useEffect(() => {
    if (!active) return;
    const listen = (event: globalThis.KeyboardEvent) => {
      const here = event.target === document.body;
      if (here && !isTyping(event) && !event.key.startsWith('Arrow')) current.current(event);
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [active]);
}
