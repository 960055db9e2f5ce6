import { parameterInvalid, parameterNamesNothing } from './refusals.js';
import type { ApiCall } from './router.js';
import type { Params } from './params.js';

/** The parameters of every list. */
export const LIST_PARAMS = ['limit', 'starting_after', 'ending_before', 'created'] as const;

const DEFAULT_LIMIT = 10;
const MOST = 100;

interface Listed {
  readonly id: string;
}

/** One page, of rows that come with the newest first. */
export function pageOf<T extends Listed>(
  { params, path }: ApiCall,
  rows: readonly T[],
): { object: 'list'; data: T[]; has_more: boolean; url: string } {
  const limit = params.integer('limit') ?? DEFAULT_LIMIT;
  if (limit < 1 || limit > MOST) throw parameterInvalid('limit', `must be between 1 and ${MOST}`);
  const within = rows.filter((row) => isWithin('created' in row ? row.created : undefined, params));
  const after = params.text('starting_after');
  const before = params.text('ending_before');
  if (before !== undefined) {
    const end = positionOf(within, before, 'ending_before');
    const start = Math.max(0, end - limit);
    return { object: 'list', data: within.slice(start, end), has_more: start > 0, url: path };
  }
  const start = after === undefined ? 0 : positionOf(within, after, 'starting_after') + 1;
  return { object: 'list', data: within.slice(start, start + limit), has_more: within.length > start + limit, url: path };
}

function positionOf(rows: readonly Listed[], id: string, param: string): number {
  const position = rows.findIndex((row) => row.id === id);
  if (position === -1) throw parameterNamesNothing('object', id, param);
  return position;
}

function isWithin(created: unknown, params: Params): boolean {
  if (!params.has('created') || typeof created !== 'number') return true;
  // created=1234 or created[gte]=1234.
  const range =
    typeof params.toJSON()['created'] === 'string' ? undefined : params.part('created')?.only('gt', 'gte', 'lt', 'lte');
  if (!range) return created === params.integer('created');
  const { gt, gte, lt, lte } = {
    gt: range.integer('gt') ?? -Infinity,
    gte: range.integer('gte') ?? -Infinity,
    lt: range.integer('lt') ?? Infinity,
    lte: range.integer('lte') ?? Infinity,
  };
  return created > gt && created >= gte && created < lt && created <= lte;
}
