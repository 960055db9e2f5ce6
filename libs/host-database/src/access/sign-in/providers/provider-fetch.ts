/** How requests to a provider are made: with a proxy, for one. @default the global `fetch` */
export type ProviderFetch = (url: string, init: RequestInit) => Promise<Response>;
