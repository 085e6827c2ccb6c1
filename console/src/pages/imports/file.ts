// Reads a table out of a file: its encoding, its separator, its rows.

export interface Table {
  encoding: string;
  separator: ',' | ';' | '\t';
  head: string[];
  /** Cells of each row, and on which line of the file it begins (the heading is line 1). */
  rows: { line: number; cells: string[] }[];
}

/** How the files of spreadsheet programs begin: XLSX and ODS are ZIP, XLS is older. */
const SHEETS = [
  [0x50, 0x4b, 0x03, 0x04],
  [0xd0, 0xcf, 0x11, 0xe0],
];

/** Whether a file is a spreadsheet program's own, in which no text can be read. */
export const isSpreadsheet = (bytes: Uint8Array): boolean => SHEETS.some((sheet) => sheet.every((byte, place) => bytes[place] === byte));

/** The text of a file. UTF-8 if it is that, else what Windows programs write. */
export function decode(bytes: Uint8Array): { text: string; encoding: string } {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { text: new TextDecoder('utf-16le').decode(bytes), encoding: 'UTF-16' };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'UTF-8' };
  } catch {
    return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'Windows-1252' };
  }
}

/** The separator that the heading uses most, outside of quotes. */
export function separatorOf(text: string): Table['separator'] {
  const line = text.slice(0, text.search(/[\r\n]|$/)).replace(/"[^"]*"/g, '');
  const count = (separator: string) => line.split(separator).length;
  const found = ([',', ';', '\t'] as const).map((separator) => [separator, count(separator)] as const);
  return found.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

/** Cells by RFC 4180: quoted ones may hold separators, line ends and doubled quotes. Empty lines are left out. */
export function parse(text: string, separator: string): Table['rows'] {
  const rows: Table['rows'] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  let begun = 1;
  const end = () => {
    cells.push(cell);
    if (cells.some((each) => each.trim() !== '')) rows.push({ line: begun, cells: cells.map((each) => each.trim()) });
    cells = [];
    cell = '';
    begun = line;
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] as string;
    if (sign === '\n') line += 1;
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (sign === '"' && cell.trim() === '') {
      quoted = true;
      cell = '';
    } else if (sign === separator) {
      cells.push(cell);
      cell = '';
    } else if (sign === '\n') end();
    else if (sign !== '\r') cell += sign;
  }
  if (cell !== '' || cells.length > 0) end();
  return rows;
}

/** A whole file. */
export function readTable(bytes: Uint8Array): Table {
  const { text: raw, encoding } = decode(bytes);
  const text = raw.replace(/^\uFEFF/, '');
  const separator = separatorOf(text);
  const [head, ...rows] = parse(text, separator);
  return { encoding, separator, head: head?.cells ?? [], rows };
}
