import { WarmAddresses } from './warm-addresses.js';
import { WarmPoolKeeper } from './warm-pool.keeper.js';
import { WarmPool } from './warm-pool.js';

export const warmPoolProviders = [WarmPool, WarmPoolKeeper, WarmAddresses];
