/** It waits until he has proven once more who he is; he was asked to. */
export class Unproven extends Error {}
