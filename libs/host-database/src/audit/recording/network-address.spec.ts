import { describe, expect, it } from '@jest/globals';
import { networkOf } from './network-address.js';

describe(networkOf, () => {
  it.each([
    ['192.0.2.55', '192.0.2.0'],
    ['::ffff:192.0.2.55', '192.0.2.0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
    ['2001:db8::1', '2001:db8:0::'],
    ['2001:DB8::1', '2001:db8:0::'],
    ['fe80::1%eth0', 'fe80:0:0::'],
    ['::1', '0:0:0::'],
  ])('takes %s for %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it.each(['', 'localhost', '192.0.2', '192.0.2.256', 'g::1'])('has none for %j', (address) => {
    expect(networkOf(address)).toBeUndefined();
  });
});
