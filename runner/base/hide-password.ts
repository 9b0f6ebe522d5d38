const PASSWORD = /(:\/\/[^/\s:@]*:)[^/\s]*@/g
/** Hosts of git take a token in the user's place. */
const TOKEN = /(https?:\/\/)[^/\s:@]+@/g

/** A text with the passwords and tokens of the addresses in it as `***`. A template that stands for one stays readable. */
export function hidePassword(text: string): string {
  return text.replace(PASSWORD, '$1***@').replace(TOKEN, '$1***@')
}
