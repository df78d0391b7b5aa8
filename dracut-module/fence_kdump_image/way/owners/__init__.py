"""What else sets up NICs in the crash kernel: the claims of an image and of its command line.

It may import `links`, `network` and `whom`. Never put the conclusions from the answer here.

claim           which NICs one setting configures, and whether a device is among them
look            everything in an image that configures NICs, and all claims (reads the image)
networkmanager  NetworkManager's profiles, and which NICs it may touch
networkd        systemd-networkd's .network files
words           the claims of dracut's words, and which program acts on which word
crashline       the words of the command line with which kdump will load the image
surroundings    all of it together, in the form of the manifest
ini             files with sections and settings
"""
