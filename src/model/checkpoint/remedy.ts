/** What the user can do about a damaged file: nothing in it tells how it was damaged. */
export const GET_ANOTHER = 'get it again, or choose another model';
