/** Text as it may stand in HTML. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** A page of the fake Stripe. `body` is HTML. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} · fake Stripe</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 30rem; margin: 3rem auto; padding: 0 1rem; }
  button { font: inherit; padding: .4rem .8rem; margin: .2rem .2rem .2rem 0; }
  [role=alert] { color: #b00020; }
  small { color: #666; }
</style>
<h1>${escapeHtml(title)}</h1>
${body}
<p><small>This is a fake Stripe for development and tests. No money moves.</small></p>
</html>
`;
}

/** An amount in a currency's minor units, as people read it. */
export function money(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
