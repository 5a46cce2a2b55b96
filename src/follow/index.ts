// Owns the public face of the follower: files of existing swarms become commands.

export { createFollower } from "./follower.ts";
export { discover, type FoundLayout } from "./layout.ts";
export type {
  FollowedFile,
  FollowedState,
  FollowLogger,
  FollowTarget,
  Follower,
  FollowerOptions,
  FollowerStatus,
} from "./contract.ts";
