/** The value in the middle of the samples. */
export function median(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * How a side compares with its peer: the quotient of each round, of those the median, and where the true median lies with 95 %
 * confidence. The bounds are order statistics, so that they assume nothing about how the noise is distributed.
 *
 * @see https://www.itl.nist.gov/div898/handbook/prc/section2/prc252.htm (the normal approximation of the binomial)
 */
export function pairedRatio(samples, peerSamples) {
  const ratios = samples.map((value, round) => value / peerSamples[round]).toSorted((a, b) => a - b);
  const reach = 0.98 * Math.sqrt(ratios.length);
  const middle = (ratios.length - 1) / 2;
  return {
    median: median(ratios),
    lower: ratios[Math.max(0, Math.floor(middle - reach))],
    upper: ratios[Math.min(ratios.length - 1, Math.ceil(middle + reach))],
  };
}

/** The smallest sample that is no smaller than so many percent of them. */
export function percentile(samples, percent) {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}
