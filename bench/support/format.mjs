import { median } from './statistics.mjs';

/** Lines of cells, below each other. */
export function align(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The middle of the samples and how far they reach. */
export function summary(samples, unit) {
  return `${number(median(samples))} ${unit} (${number(Math.min(...samples))} … ${number(Math.max(...samples))})`;
}

export function number(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
