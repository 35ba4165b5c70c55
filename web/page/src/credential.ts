/** How the page gets in: a client secret from its own edge, with a key of the person's where the edge wants one. */

/** Nobody lets us in without a key (or with this one); `message` says why, in the server's words. */
export class KeyWanted extends Error {
  override readonly name = 'KeyWanted';
}

export async function fetchCredential(key: string | null): Promise<string> {
  const path = key === null ? '/page/client_secret' : '/v1/realtime/client_secrets';
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (key !== null) headers['Authorization'] = `Bearer ${key}`;
  let answer: Response;
  try {
    answer = await fetch(path, { method: 'POST', headers, body: '{}' });
  } catch (cause) {
    throw new Error('The server does not answer. Is Segue still running?', { cause });
  }
  const body: unknown = await answer.json().catch(() => null);
  if (answer.status === 401 || answer.status === 403) throw new KeyWanted(messageOf(body) ?? 'An API key is needed.');
  const value = answer.ok ? valueOf(body) : null;
  if (value === null) throw new Error(messageOf(body) ?? `The server answered with HTTP ${answer.status}.`);
  return value;
}

function valueOf(body: unknown): string | null {
  const value = (body as { value?: unknown } | null)?.value;
  return typeof value === 'string' ? value : null;
}

function messageOf(body: unknown): string | null {
  const message = (body as { error?: { message?: unknown } } | null)?.error?.message;
  return typeof message === 'string' ? message : null;
}
