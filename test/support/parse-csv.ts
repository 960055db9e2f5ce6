/** Reads CSV as RFC 4180 has it: written apart from what writes it, so that both have to agree with the RFC. */
export function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') cell += text[++at]!;
      else isQuoted = false;
    } else if (character === '"' && cell === '') {
      isQuoted = true;
    } else if (character === ',') {
      record.push(cell);
      cell = '';
    } else if (character === '\r' && text[at + 1] === '\n') {
      at++;
      records.push([...record, cell]);
      record = [];
      cell = '';
    } else if (/["\r\n]/.test(character)) {
      throw new Error(`CSV has ${JSON.stringify(character)} outside of quotes at ${at}.`);
    } else {
      cell += character;
    }
  }
  if (cell !== '' || record.length > 0) throw new Error('The last record of the CSV has no line end.');
  return records;
}
