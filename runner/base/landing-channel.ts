/** The channel on which every landing is told in the transaction that lands it, so that it is heard when it can be seen. */
export const LANDING_CHANNEL = 'gm_landed'
