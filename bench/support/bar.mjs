/** The module adds no more than 5 % to any timing. */
export const BAR = 1.05;
