/** Three dots, three dashes, three dots. */
export default `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#b93a0a"/><g fill="#fff"><circle cx="8.5" cy="9" r="2.2"/><circle cx="16" cy="9" r="2.2"/><circle cx="23.5" cy="9" r="2.2"/><rect x="5.5" y="14.4" width="6" height="3.2" rx="1.6"/><rect x="13" y="14.4" width="6" height="3.2" rx="1.6"/><rect x="20.5" y="14.4" width="6" height="3.2" rx="1.6"/><circle cx="8.5" cy="23" r="2.2"/><circle cx="16" cy="23" r="2.2"/><circle cx="23.5" cy="23" r="2.2"/></g></svg>
`
