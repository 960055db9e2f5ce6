/** A list that is part of an object: complete, and not a page. */
export function listObject<T>(data: T[], url: string): { object: 'list'; data: T[]; has_more: boolean; url: string } {
  return { object: 'list', data, has_more: false, url };
}
