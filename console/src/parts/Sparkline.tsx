/** A small line without axes; decoration for a figure that is written beside it. */
export function Sparkline({ values, width = 120, height = 28 }: { values: (number | undefined)[]; width?: number; height?: number }) {
  const known = values.filter((value) => value !== undefined);
  if (known.length < 2) return <svg width={width} height={height} aria-hidden="true" />;
  const most = Math.max(...known, 1);
  const x = (place: number) => (place / (values.length - 1)) * (width - 2) + 1;
  const y = (value: number) => height - 2 - (value / most) * (height - 5);
  const points = values.flatMap((value, place) => (value === undefined ? [] : [`${x(place).toFixed(1)},${y(value).toFixed(1)}`]));
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true" className="tone-busy">
      <polyline
        points={points.join(' ')}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.500"
        strokeLinejoin="round"
        strokeLinecap="round"
        opacity="0.85"
      />
    </svg>
  );
}
