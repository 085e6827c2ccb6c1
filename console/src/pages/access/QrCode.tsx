import { useMemo } from 'react';
import { encode } from 'uqr';
import classes from './QrCode.module.css';

/** The modules of a code as one path: a square of one unit for each dark one. */
export function qrPath(text: string): { path: string; size: number } {
  // Medium correction: it is read from a clean screen, and fewer modules are larger ones. Four modules of margin are the standard's.
  const { data, size } = encode(text, { ecc: 'M', border: 4 });
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
  return { path, size };
}

/** A text for a telephone to read. Dark on white in every theme, as readers expect; drawn here, so that no secret leaves the page. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { path, size } = useMemo(() => qrPath(text), [text]);
  return (
    <svg className={classes.code} viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <path d={path} />
    </svg>
  );
}
