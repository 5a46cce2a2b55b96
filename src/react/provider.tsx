// Owns handing one client down to the components below. Does not own the client: who connected it closes it.

import { createContext, type ReactNode, useContext } from "react";
import type { Board, Client } from "../client/index.ts";

const ClientContext = createContext<Client | undefined>(undefined);

export interface SwarmboardProviderProps {
  readonly client: Client;
  readonly children?: ReactNode;
}

export function SwarmboardProvider({ client, children }: SwarmboardProviderProps): ReactNode {
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>;
}

/** The client of the nearest provider. */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (client === undefined) throw new Error("there is no <SwarmboardProvider> above this component");
  return client;
}

/** A board of that client, by default the board `default`. */
export function useBoard<Value = unknown>(name?: string): Board<Value> {
  return useClient().board<Value>(name);
}
