/** What the user can do about a file that is damaged: nothing in it tells how it came to be so. */
export const GET_ANOTHER = 'get it again, or choose another model';
