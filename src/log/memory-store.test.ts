import { describeContract } from "./contract.suite.ts";
import { createMemoryStore } from "./memory-store.ts";

describeContract("in memory", async () => ({
  open: async (maxRecordBytes) => createMemoryStore({ maxRecordBytes }),
  survivesStore: false,
}));
