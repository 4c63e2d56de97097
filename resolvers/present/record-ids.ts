/** Relay ids of records that are no graph nodes: connectors (`c:`) and runs (`r:`). Graph nodes have `n:`. */
export function connectorNodeId(connector: string): string {
  return Buffer.from(`c:${connector}`, 'utf8').toString('base64url');
}

export function runNodeId(run: string): string {
  return Buffer.from(`r:${run}`, 'utf8').toString('base64url');
}

/** @returns what the id names, or `null` when it is none of the two */
export function parseRecordId(id: string): { readonly type: 'Connector' | 'SyncRun'; readonly name: string } | null {
  if (!/^[A-Za-z0-9_-]{1,2048}$/.test(id)) return null;
  const text = Buffer.from(id, 'base64url').toString('utf8');
  if (text.startsWith('c:')) return { type: 'Connector', name: text.slice(2) };
  if (text.startsWith('r:')) return { type: 'SyncRun', name: text.slice(2) };
  return null;
}
