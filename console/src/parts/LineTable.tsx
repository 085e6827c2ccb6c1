import { useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import classes from './LineTable.module.css';
import { useWidth } from './width';

export interface LineColumn<Row> {
  name: string;
  of: (row: Row) => ReactNode;
  /** A number: aligned at its end where the columns stand beside each other. */
  end?: boolean;
}

interface LineTableProps<Row> {
  rows: readonly Row[];
  keyOf: (row: Row) => string | number;
  /** The first says what a row is about. */
  columns: readonly [LineColumn<Row>, ...LineColumn<Row>[]];
}

/**
 * A short table, whole: where there is no room for its columns beside each other, a row is a block with their names in it.
 * The roles are said, because a browser forgets that a table is one when its rows are laid out otherwise.
 */
export function LineTable<Row>({ rows, keyOf, columns }: LineTableProps<Row>) {
  const [first, ...others] = columns;
  const { room, table, blocks } = useBlocks(rows, columns.map(({ name }) => name).join('\n'));
  return (
    <div ref={room} className={classes.room}>
      <table ref={table} role="table" className={`${classes.lines} ${blocks ? classes.blocks : ''}`}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ name, end }) => (
              <th key={name} role="columnheader" scope="col" data-align={end ? 'end' : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              <th role="rowheader" scope="row">
                {first.of(row)}
              </th>
              {others.map(({ name, of, end }) => (
                <td key={name} role="cell" data-align={end ? 'end' : undefined}>
                  {blocks && (
                    <div className={classes.name} aria-hidden>
                      {name}
                    </div>
                  )}
                  {of(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether the columns need more than there is; measured anew when what stands in them is another, or the language is. */
function useBlocks(rows: unknown, names: string) {
  const room = useRef<HTMLDivElement>(null);
  const table = useRef<HTMLTableElement>(null);
  const width = useWidth(room);
  useWidth(table); // A letter that is loaded late makes it wider.
  const [needed, setNeeded] = useState(0);
  const blocks = width > 0 && needed > width;
  useLayoutEffect(() => setNeeded(0), [rows, names]);
  useLayoutEffect(() => {
    const wide = table.current?.offsetWidth ?? 0;
    if (!blocks && width > 0 && wide > width) setNeeded(wide);
  });
  return { room, table, blocks };
}
